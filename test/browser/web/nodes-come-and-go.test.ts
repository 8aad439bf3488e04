import { expect } from "chai";
import { Cluster } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { WebWorld, webSettings, type Person } from "../../support/browser/web-world.ts";

const patienceMs = 5000;

/** Notes in the page when it says that it connects again, by the page's clock. */
async function watchBanner({ page }: Person): Promise<void> {
  await page.evaluate(() => {
    const place = globalThis as unknown as { banners: number[] };
    place.banners = [];
    new MutationObserver(() => {
      if (document.querySelector(".banner")?.textContent?.startsWith("Connecting again")) {
        place.banners.push(performance.now());
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}
const bannersOf = ({ page }: Person): Promise<number[]> =>
  page.evaluate(() => (globalThis as unknown as { banners: number[] }).banners);

/** Those of one kind that a log shows, in its order. */
const said = (person: Person, prefix: string): Promise<string[]> =>
  person.page.locator("article .message-text").filter({ hasText: prefix }).allTextContents();

describe("the web client, while nodes of a cluster come and go", () => {
  let cluster: Cluster;
  let world: WebWorld;
  let alice: Person;
  let bob: Person;

  before(async () => {
    cluster = await Cluster.start({ nodes: 2, workers: 1, settings: webSettings });
    world = await WebWorld.on(cluster.nodes[0]!);
    bob = await world.person("bob", {}, cluster.nodes[1]);
    alice = await world.person("alice");
    await alice.startConversation("bob");
    await alice.write("hello bob");
    await bob.openConversation("alice");
    await bob.sees("hello bob");
    await bob.write("hello alice");
    await alice.sees("hello alice");
  });
  after(async () => {
    await world.leave();
    await cluster.close();
  });

  const input = ({ page }: Person) => page.getByRole("textbox", { name: /^Message to/ });
  const bothWrite = (round: string, count: number, midway: () => Promise<void>): Promise<unknown> => {
    const write = async (person: Person): Promise<void> => {
      for (let number = 1; number <= count; number++) await person.write(`${round} ${number} of ${person.user}`);
    };
    const half = async (person: Person): Promise<void> => {
      await person.sees(`${round} ${Math.floor(count / 2)} of ${person.user}`);
    };
    return Promise.all([write(alice), write(bob), Promise.all([half(alice), half(bob)]).then(midway)]);
  };
  const allIsThere = async (round: string, count: number): Promise<void> => {
    const expected = [alice, bob].flatMap(({ user }) =>
      Array.from({ length: count }, (_, index) => `${round} ${index + 1} of ${user}`),
    );
    await eventually(async () => {
      const [atAlice, atBob] = [await said(alice, round), await said(bob, round)];
      expect(atAlice.toSorted()).to.deep.equal(expected.toSorted());
      expect(atBob).to.deep.equal(atAlice);
    });
  };

  it("loses nothing and keeps the order when a node is killed while both write, and says nothing of it", async () => {
    await watchBanner(alice);
    await input(alice).fill("a word that is being typed");
    await input(alice).fill("");
    await bothWrite("killed", 20, async () => {
      alice.link.leadTo(cluster.nodes[1]!);
      await cluster.nodes[0]!.kill();
    });
    await allIsThere("killed", 20);
    for (const person of [alice, bob]) await person.reaches(`killed 20 of ${person.user}`, "read");
    expect(await bannersOf(alice)).to.deep.equal([]);
    await cluster.nodes[0]!.startAgain();
  });

  it("says that it connects again after five seconds without any node, not before, and goes on where it was", async () => {
    alice.link.leadTo(cluster.nodes[0]!);
    alice.link.cut();
    await alice.write("on the first node again");
    await bob.sees("on the first node again");
    await alice.reaches("on the first node again", "read");
    await watchBanner(alice);
    await input(alice).pressSequentially("half a sent");
    const killedAt = await alice.page.evaluate(() => performance.now());
    await cluster.nodes[0]!.kill();
    await alice.page.getByText("Connecting again… What you write is sent later.").waitFor();
    expect((await bannersOf(alice))[0]! - killedAt).to.be.at.least(patienceMs);
    await input(alice).pressSequentially("ence");
    await input(alice).press("Enter");
    await alice.reaches("half a sentence", "queued");
    await cluster.nodes[0]!.startAgain();
    await bob.sees("half a sentence");
    await alice.reaches("half a sentence", "read");
    await alice.page.getByText("Connecting again…").waitFor({ state: "detached" });
  });

  it("goes over to another node when one is drained, without a word, and loses nothing", async () => {
    await watchBanner(bob);
    await bothWrite("drained", 20, async () => {
      bob.link.leadTo(cluster.nodes[0]!);
      expect(await cluster.nodes[1]!.stop()).to.equal(0);
    });
    await allIsThere("drained", 20);
    expect(await bannersOf(bob)).to.deep.equal([]);
    await cluster.nodes[1]!.startAgain();
  });

  it("has met no fault in page or worker, nor the nodes one", () => {
    for (const { user, faults } of [alice, bob]) expect(faults, user).to.deep.equal([]);
    expect(cluster.unhandled).to.deep.equal([]);
  });
});
