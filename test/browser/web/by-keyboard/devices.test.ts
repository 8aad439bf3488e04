import { expect } from "chai";
import { Keyboard } from "../../../support/browser/keyboard.ts";
import { password, WebWorld, type Person } from "../../../support/browser/web-world.ts";

describe("devices and the recovery key in the web client, by keyboard alone", () => {
  let world: WebWorld;
  let alice: Person;
  let tablet: Person;
  let keys: Keyboard;
  let tabletKeys: Keyboard;
  let words: string;
  const dialog = () => alice.page.getByRole("dialog");

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    keys = new Keyboard(alice.page);
    await alice.startConversation("bob");
    await alice.write("before the others");
  });
  after(() => world.close());

  const logIn = async (): Promise<[Person, Keyboard]> => {
    const person = await world.visitor("alice");
    const at = new Keyboard(person.page);
    await at.activate(person.button("Log in"));
    await at.finds(person.page.getByLabel("Name", { exact: true }));
    await at.type("alice");
    await at.fill(person.page.getByLabel("Password"), password);
    await at.press("Enter");
    await person.page.getByText("Waiting for your other device").waitFor();
    return [person, at];
  };

  it("are linked by a code that is typed", async () => {
    [tablet, tabletKeys] = await logIn();
    const shown = tablet.page.getByLabel("Code on the new device").filter({ hasText: /\S/ });
    const code = (await shown.textContent())!;
    await keys.activate(alice.button("Settings"), { back: true });
    const adding = dialog().getByRole("form", { name: "Add a device" });
    await keys.fill(adding.getByLabel("Code on the new device"), code);
    await keys.fill(adding.getByLabel("Your password"), password);
    await keys.activate(adding.getByRole("button", { name: "Add" }));
    await dialog()
      .getByText(/Both devices show/)
      .waitFor();
    await keys.finds(adding.getByRole("button", { name: "Add" }));
    await tabletKeys.activate(tablet.button("Continue"));
    await tablet.isIn();
    await tabletKeys.finds(tablet.page.getByRole("navigation"));
  });

  it("are removed, which asks for the password, and leads back to the settings", async () => {
    await keys.activate(dialog().getByRole("button", { name: /^Remove / }));
    await keys.finds(dialog().getByLabel("Your password"));
    await keys.press("Escape");
    await keys.activate(dialog().getByRole("button", { name: /^Remove / }));
    await keys.finds(dialog().getByLabel("Your password"));
    await keys.type(password);
    await keys.press("Enter");
    await dialog().getByRole("form", { name: "Add a device" }).waitFor();
    await dialog().getByText("This device", { exact: true }).waitFor();
    await dialog()
      .getByRole("button", { name: /^Remove / })
      .waitFor({ state: "detached" });
    await keys.seesFocus();
  });

  it("get a recovery key, whose words are shown and asked back", async () => {
    const making = dialog().getByRole("form", { name: "Make a recovery key" });
    await keys.fill(making.getByLabel("Your password"), password);
    await keys.activate(making.getByRole("button"));
    words = (await dialog().locator("output.code-words").textContent())!;
    await keys.activate(alice.button("I have written them down"));
    await keys.finds(alice.page.getByLabel("Type the words to check them"));
    await keys.type("not these");
    await keys.press("Enter");
    await dialog().getByText("These are not the words. Look again.").waitFor();
    await keys.fill(alice.page.getByLabel("Type the words to check them"), words);
    await keys.activate(alice.button("Check"));
    await dialog().getByText("have shown that you kept it").waitFor();
    await keys.finds(dialog());
    await keys.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await keys.finds(alice.button("Settings"));
  });

  it("are restored by the words of the recovery key", async () => {
    const [phone, at] = await logIn();
    await at.activate(phone.button("I have no other device"));
    await at.finds(phone.page.getByLabel("Recovery key"));
    await at.type(words);
    await at.tabTo(phone.page.getByRole("checkbox", { name: /My other devices are lost/ }));
    await at.press("Space");
    await at.activate(phone.button("Use recovery key"));
    await phone.isIn();
    await at.finds(phone.page.getByRole("navigation"));
    expect(phone.faults).to.deep.equal([]);
  });

  it("meet no fault in page or worker", () => expect(alice.faults).to.deep.equal([]));
});
