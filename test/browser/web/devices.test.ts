import { expect } from "chai";
import { encode } from "uqr";
import { password, WebWorld, type Person } from "../../support/browser/web-world.ts";

interface Faked {
  /** What the camera is shown. */
  shown?: string;
  tracks?: MediaStreamTrack[];
}

/** A camera, and a browser that finds codes in what it sees: Chromium on Linux has neither here. */
function fakeCamera(): void {
  const faked = globalThis as Faked;
  faked.tracks = [];
  const detect = (): Promise<{ rawValue: string }[]> =>
    Promise.resolve(faked.shown === undefined ? [] : [{ rawValue: faked.shown }]);
  Object.assign(globalThis, {
    BarcodeDetector: class {
      readonly detect = detect;
    },
  });
  navigator.mediaDevices.getUserMedia = () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d")!.fillRect(0, 0, 10, 10);
    const stream = canvas.captureStream(10);
    faked.tracks!.push(...stream.getTracks());
    return Promise.resolve(stream);
  };
}

describe("devices in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let tablet: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
  });
  after(() => world.close());

  it("are renamed, and keep their names over a reload", async () => {
    await alice.button("Settings").click();
    await alice.button("Rename Chrome on Linux").click();
    await alice.page.getByLabel("Name of the device").fill("The kitchen");
    await alice.button("Save").click();
    await alice.button("Rename The kitchen").waitFor();
    await alice.page.reload();
    await alice.unlock();
    await alice.button("Settings").click();
    await alice.button("Rename The kitchen").waitFor();
  });

  it("show their code as a QR code, too, when they are new", async () => {
    tablet = await world.visitor("alice");
    await tablet.logIn();
    const picture = tablet.page.getByRole("img", { name: "The code as a QR code" });
    await picture.waitFor();
    const code = (await tablet.page.getByLabel("Code on the new device").textContent())!;
    const { data } = encode([...Buffer.from(code)], { ecc: "M", border: 2 });
    const drawn = (await picture.locator("path").getAttribute("d"))!;
    expect(drawn.split("M").length - 1).to.equal(data.flat().filter(Boolean).length);
  });

  it("are asked for the code in words where the browser cannot scan", async () => {
    expect(await alice.button("Scan the code").count()).to.equal(0);
    await alice.page.getByLabel("Code on the new device").waitFor();
  });

  it("are linked by scanning it, and let go of the camera", async () => {
    await alice.context.addInitScript("globalThis.__name = (named) => named");
    await alice.context.addInitScript(fakeCamera);
    await alice.page.reload();
    await alice.unlock();
    await alice.button("Settings").click();
    const isAllowed = await alice.page.evaluate(() =>
      (document as unknown as { featurePolicy: { allowsFeature(name: string): boolean } }).featurePolicy.allowsFeature(
        "camera",
      ),
    );
    expect(isAllowed).to.equal(true);
    await alice.button("Scan the code").click();
    await alice.page.getByText("Hold the new device’s code in front of the camera.").waitFor();
    const code = (await tablet.page.getByLabel("Code on the new device").textContent())!;
    await alice.page.evaluate((shown) => Object.assign(globalThis, { shown }), code);
    await alice.page.getByText("The code was read.").waitFor();
    expect(await alice.page.getByLabel("Code on the new device").inputValue()).to.equal(code);
    const states = await alice.page.evaluate(() => (globalThis as Faked).tracks!.map(({ readyState }) => readyState));
    expect(states).to.deep.equal(["ended"]);
    const adding = alice.page.getByRole("form", { name: "Add a device" });
    await adding.getByLabel("Your password").fill(password);
    await adding.getByRole("button", { name: "Add" }).click();
    await tablet.button("Continue").click();
    await tablet.isIn();
  });

  it("meets no fault in page or worker", () => {
    for (const { user, faults } of [alice, tablet]) expect(faults, user).to.deep.equal([]);
  });
});
