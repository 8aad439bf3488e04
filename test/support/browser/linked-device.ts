import { password, type Person, type WebWorld } from "./web-world.ts";

/** A further device of a person, in a browser of its own, linked by its code as people do it. */
export async function linkedDevice(world: WebWorld, person: Person, options = {}): Promise<Person> {
  const other = await world.visitor(person.user, options);
  await other.logIn();
  const code = other.page.getByLabel("Code on the new device").filter({ hasText: /\S/ });
  await person.button("Settings").click();
  const adding = person.page.getByRole("form", { name: "Add a device" });
  await adding.getByLabel("Code on the new device").fill((await code.textContent())!);
  await adding.getByLabel("Your password").fill(password);
  await adding.getByRole("button", { name: "Add" }).click();
  await other.button("Continue").click();
  await other.isIn();
  await person.page.keyboard.press("Escape");
  return other;
}

/** In another browser, without a device or a recovery key of before. */
export async function startedOver(world: WebWorld, { user }: Person, options = {}): Promise<Person> {
  const anew = await world.visitor(user, options);
  await anew.logIn();
  await anew.button("I have no other device").click();
  await anew.page.getByText("Start over without it").click();
  await anew.button("Start over").click();
  await anew.isIn();
  return anew;
}

/** In the settings of a person with two devices: the other one is closed out. */
export async function removeOther({ page }: Person, look?: () => Promise<void>): Promise<void> {
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Remove / })
    .click();
  await page.getByRole("dialog").getByLabel("Your password").fill(password);
  await look?.();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("form", { name: "Add a device" }).waitFor();
}
