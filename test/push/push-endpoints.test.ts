import { expect } from "chai";
import { loadSettings } from "../../config/load-settings.ts";
import { acceptsEndpoint } from "../../src/push/push-endpoints.ts";

const browsers = loadSettings({}).PUSH_ENDPOINT_HOSTS;

describe("an endpoint that a client names", () => {
  for (const endpoint of [
    "https://fcm.googleapis.com/fcm/send/abc:def",
    "https://updates.push.services.mozilla.com/wpush/v2/abc",
    "https://wns2-par02p.notify.windows.com/w/?token=abc",
    "https://web.push.apple.com/abc",
    "https://FCM.googleapis.com:443/fcm/send/abc",
  ]) {
    it(`is taken at ${new URL(endpoint).host}`, () => {
      expect(acceptsEndpoint(endpoint, browsers)).to.equal(true);
    });
  }

  for (const endpoint of [
    "http://fcm.googleapis.com/fcm/send/abc",
    "https://fcm.googleapis.com:8443/fcm/send/abc",
    "https://user@fcm.googleapis.com/abc",
    "https://user:password@fcm.googleapis.com/abc",
    "https://fcm.googleapis.com/abc#part",
    "https://fcm.googleapis.com.example.org/abc",
    "https://fcm.googleapis.com./abc",
    "https://example.org/fcm.googleapis.com",
    "https://example.org\\@fcm.googleapis.com/abc",
    "https://evilpush.apple.com.example.org/abc",
    "https://push.apple.com/abc",
    "https://notpush.apple.com/abc",
    "https://localhost/abc",
    "https://127.0.0.1/abc",
    "https://[::1]/abc",
    "http://169.254.169.254/latest/meta-data",
    "https://2130706433/abc",
    "file:///etc/passwd",
    "https://",
    "",
  ]) {
    it(`is refused as ${JSON.stringify(endpoint)}`, () => {
      expect(acceptsEndpoint(endpoint, browsers)).to.equal(false);
    });
  }

  it("is taken at an origin that the operator wrote out, and at no neighbour of it", () => {
    const hosts = ["http://127.0.0.1:9000"];
    expect(acceptsEndpoint("http://127.0.0.1:9000/any/path", hosts)).to.equal(true);
    for (const endpoint of [
      "http://127.0.0.1:9001/",
      "https://127.0.0.1:9000/",
      "http://127.0.0.1/",
      "http://a@127.0.0.1:9000/",
    ]) {
      expect(acceptsEndpoint(endpoint, hosts), endpoint).to.equal(false);
    }
  });
});
