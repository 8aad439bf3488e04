import { expect } from "chai";
import { loadSettings, SettingsError, type Environment } from "../../config/load-settings.ts";
import { newVapidPair } from "../../src/push/vapid.ts";

function faultsOf(environment: Environment) {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
}
const namesOf = (environment: Environment) => faultsOf(environment).map(({ name }) => name);

describe("the settings of Web Push", () => {
  let given: { VAPID_PUBLIC_KEY: string; VAPID_PRIVATE_KEY: string; VAPID_SUBJECT: string };
  before(async () => {
    const { publicKey, privateKey } = await newVapidPair();
    given = { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: "mailto:ops@example.org" };
  });

  it("take a pair as `sotto vapid` makes it, and name the browsers' push services by themselves", () => {
    const settings = loadSettings(given);
    expect(settings).to.include(given);
    expect(settings.PUSH_ENDPOINT_HOSTS).to.include.members(["fcm.googleapis.com", "*.push.apple.com"]);
    expect(faultsOf({ ...given, VAPID_SUBJECT: "https://example.org/contact" })).to.deep.equal([]);
  });

  it("are all there or none, a line for each that is missing", () => {
    expect(faultsOf({})).to.deep.equal([]);
    for (const name of Object.keys(given)) {
      expect(namesOf({ ...given, [name]: "" }), `without ${name}`).to.deep.equal([name]);
    }
    expect(namesOf({ VAPID_SUBJECT: given.VAPID_SUBJECT })).to.deep.equal(["VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY"]);
  });

  it("refuse what is no key and nobody to write to, a line for each", () => {
    const wrong = {
      VAPID_PUBLIC_KEY: `A${given.VAPID_PUBLIC_KEY.slice(1)}`,
      VAPID_PRIVATE_KEY: given.VAPID_PRIVATE_KEY.slice(1),
      VAPID_SUBJECT: "http://example.org",
    };
    expect(namesOf(wrong)).to.deep.equal(Object.keys(wrong));
    for (const publicKey of [`${given.VAPID_PUBLIC_KEY}=`, given.VAPID_PUBLIC_KEY.slice(0, 43)]) {
      expect(namesOf({ ...given, VAPID_PUBLIC_KEY: publicKey })).to.deep.equal(["VAPID_PUBLIC_KEY"]);
    }
    for (const subject of ["ops@example.org", "mailto:nobody", "mailto:<a@example.org>"]) {
      expect(namesOf({ ...given, VAPID_SUBJECT: subject })).to.deep.equal(["VAPID_SUBJECT"]);
    }
  });

  it("refuse keys of two pairs, and numbers that are no key, without showing the secret", async () => {
    const other = await newVapidPair();
    const zero = Buffer.alloc(32).toString("base64url");
    const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
    for (const privateKey of [other.privateKey, zero, order.toString("base64url")]) {
      const [fault, ...others] = faultsOf({ ...given, VAPID_PRIVATE_KEY: privateKey });
      expect(others).to.deep.equal([]);
      expect(fault).to.include({ name: "VAPID_PRIVATE_KEY", given: "43 characters (hidden)" });
    }
  });

  it("let an operator name other push services: hosts, domains, or whole origins", () => {
    const hosts = "push.example.org,*.push.example.org,https://push.example.org:8443,http://127.0.0.1:9000";
    expect(loadSettings({ PUSH_ENDPOINT_HOSTS: hosts }).PUSH_ENDPOINT_HOSTS).to.deep.equal(hosts.split(","));
    for (const wrong of ["*", "*.", "localhost", "http://push.example.org", "https://a.example/x", "a.example:8443"]) {
      expect(namesOf({ PUSH_ENDPOINT_HOSTS: wrong }), wrong).to.deep.equal(["PUSH_ENDPOINT_HOSTS"]);
    }
  });
});
