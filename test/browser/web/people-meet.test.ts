import { expect } from "chai";
import { WebWorld, type Person } from "../../support/browser/web-world.ts";

describe("people who meet in the web client", () => {
  let world: WebWorld;
  let alice: Person;
  let bob: Person;

  before(async () => {
    world = await WebWorld.start();
    alice = await world.person("alice");
    bob = await world.person("bob");
  });
  after(() => world.close());

  it("find nothing yet, and are told what to do", async () => {
    await alice.page.getByRole("heading", { name: "No conversations yet" }).waitFor();
    await alice.page.getByText("Choose a conversation").waitFor();
  });

  it("write to each other, and see how far it has come: delivered, then read", async () => {
    await alice.startConversation("bob");
    await alice.write("hello bob");
    await alice.reaches("hello bob", "delivered");
    const row = bob.page.getByRole("link", { name: /alice/ });
    await row.getByText("1 unread message").waitFor({ state: "attached" });
    await row.getByText("hello bob").waitFor();
    await bob.openConversation("alice");
    await bob.sees("hello bob");
    await bob.page.getByText("New messages").waitFor();
    await alice.reaches("hello bob", "read");
    await row.getByText("1 unread message").waitFor({ state: "detached" });
    await bob.write("hello alice");
    await alice.sees("hello alice");
  });

  it("see who is there, and who is typing", async () => {
    await alice.page.locator(".chat-head").getByText("Online").waitFor();
    await bob.page.getByRole("textbox", { name: /^Message to/ }).pressSequentially("hm");
    await alice.page.getByText("bob is typing").waitFor();
    await bob.page.getByRole("textbox", { name: /^Message to/ }).fill("");
  });

  it("write on while they are offline, say so, and deliver it once they are back", async () => {
    await bob.goOffline();
    await bob.page.getByText("You are offline. What you write is sent later.").waitFor();
    await bob.write("written offline");
    await bob.reaches("written offline", "queued");
    await alice.write("while you were away");
    await alice.reaches("while you were away", "accepted");
    await bob.comeBack();
    await bob.sees("while you were away");
    await alice.sees("written offline");
    await bob.page.getByText("You are offline.").waitFor({ state: "detached" });
  });

  it("keep what they have begun to write, each in its conversation", async () => {
    await alice.page.getByRole("textbox", { name: "Message to bob" }).fill("not ready yet");
    await alice.startConversation("nobody-yet");
    expect(await alice.page.getByRole("textbox", { name: "Message to nobody-yet" }).inputValue()).to.equal("");
    await alice.write("are you there?");
    await alice.reaches("are you there?", "queued");
    await alice.page.getByText("as soon as the other side has set up a device").waitFor();
    await alice.page.getByRole("link", { name: /bob/ }).getByText("not ready yet").waitFor();
    await alice.openConversation("bob");
    expect(await alice.page.getByRole("textbox", { name: "Message to bob" }).inputValue()).to.equal("not ready yet");
  });

  it("send files, and get them back whole, under their names", async () => {
    const content = "a line of a file\n".repeat(20_000);
    const file = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from(content) };
    await alice.page.locator("input[type=file]").setInputFiles(file);
    await alice.page.getByRole("textbox", { name: "Message to bob" }).fill("the notes");
    await alice.page.getByRole("textbox", { name: "Message to bob" }).press("Enter");
    await bob.sees("the notes");
    const saved = bob.page.waitForEvent("download");
    await bob.button(/^Save notes.txt/).click();
    const download = await saved;
    expect(download.suggestedFilename()).to.equal("notes.txt");
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).to.equal(content);
  });

  it("are asked for their password after a reload: a wrong one opens nothing, theirs all that was said", async () => {
    await bob.page.reload();
    await bob.page.getByRole("heading", { name: "Welcome back, bob" }).waitFor();
    await bob.page.getByLabel("Password").fill("a wrong password");
    await bob.button("Unlock").click();
    await bob.page.getByText("This password does not open what is stored in this browser.").waitFor();
    await bob.unlock();
    await bob.sees("hello bob");
    await bob.sees("the notes");
    await bob.write("back again");
    await alice.sees("back again");
  });

  it("unlock offline, too, and send later", async () => {
    await bob.page.reload();
    await bob.page.getByRole("heading", { name: "Welcome back, bob" }).waitFor();
    await bob.goOffline();
    await bob.unlock();
    await bob.sees("back again");
    await bob.write("unlocked offline");
    await bob.reaches("unlocked offline", "queued");
    await bob.comeBack();
    await alice.sees("unlocked offline");
  });

  it("are told in words why an account cannot be had, or entered", async () => {
    const mallory = await world.visitor("alice");
    await mallory.page.getByLabel("Name", { exact: true }).fill("alice");
    await mallory.page.getByLabel("Password").fill("another password");
    await mallory.button("Create account").click();
    await mallory.page.getByText("Somebody has this name already.").waitFor();
    await mallory.button("Log in").click();
    await mallory.page.getByLabel("Name", { exact: true }).fill("alice");
    await mallory.page.getByLabel("Password").fill("another password");
    await mallory.button("Log in").click();
    await mallory.page.getByText("The name or the password is wrong.").waitFor();
    await mallory.context.close();
  });

  it("meet no fault in page or worker", () => {
    expect(alice.faults).to.deep.equal([]);
    expect(bob.faults).to.deep.equal([]);
  });
});
