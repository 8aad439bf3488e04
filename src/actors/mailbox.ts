/**
 * The inbound half of an actor: a bounded queue that is worked off one batch at a time, so that an actor needs no locks.
 * Owns the queues of all actors of one kind, by key. Never holds an actor's state: a queue that runs empty is forgotten.
 * Invariants: items of one key are worked in the order they came; a full queue refuses with `overloaded` and stores nothing.
 */
import { SottoError } from "../protocol/errors.ts";

export interface MailboxOptions<Item> {
  /** Items that wait at one key; the next is refused. */
  capacity: number;
  /** What items at all keys together may weigh, from their arrival until they have been worked. */
  totalWeight: number;
  /** Default: 1 each. */
  weigh?: (item: Item) => number;
  /** Largest batch handed to `work`. */
  batch: number;
  /** Whether `next` may share a batch with `first`. Default: always. */
  mayShareBatch?: (first: Item, next: Item) => boolean;
  /** What an `overloaded` client is told to wait. */
  retryAfterMs: number;
}

/** `active`: mailboxes with something in them; `items`: what is in them all, what is being worked included. */
export interface MailboxLoad {
  readonly active: number;
  readonly items: number;
}

interface Waiting<Item, Result> {
  item: Item;
  weight: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Works off a batch; answers in the order of the items. A rejection rejects the whole batch, an Error in place of a result that item. */
export type Work<Key, Item, Result> = (key: Key, items: readonly Item[]) => Promise<readonly (Result | Error)[]>;

export class Mailboxes<Key extends string, Item, Result> {
  private readonly queues = new Map<Key, Waiting<Item, Result>[]>();
  private readonly running = new Set<Promise<void>>();
  private readonly work: Work<Key, Item, Result>;
  private readonly options: MailboxOptions<Item>;
  private weight = 0;
  private items = 0;

  constructor(work: Work<Key, Item, Result>, options: MailboxOptions<Item>) {
    this.work = work;
    this.options = options;
  }

  /** Resolves when the item has been worked. Rejects with `overloaded` at once when there is no room. */
  post(key: Key, item: Item): Promise<Result> {
    const queue = this.queues.get(key);
    const weight = this.options.weigh?.(item) ?? 1;
    if ((queue?.length ?? 0) >= this.options.capacity || this.weight + weight > this.options.totalWeight) {
      return Promise.reject(new SottoError("overloaded", { retryAfterMs: this.options.retryAfterMs }));
    }
    this.weight += weight;
    this.items += 1;
    return new Promise((resolve, reject) => {
      const entry = { item, weight, resolve, reject };
      if (queue) {
        queue.push(entry);
        return;
      }
      this.queues.set(key, [entry]);
      this.start(key);
    });
  }

  get load(): MailboxLoad {
    return { active: this.queues.size, items: this.items };
  }

  /** Resolves when everything that waits now, and what comes meanwhile, has been worked. */
  async flush(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private start(key: Key): void {
    const run = this.drain(key).finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async drain(key: Key): Promise<void> {
    // What arrives in the same turn of the event loop shares the first batch.
    await Promise.resolve();
    for (let queue = this.queues.get(key)!; queue.length > 0;) {
      const batch = this.takeBatch(queue);
      await this.workOff(key, batch);
      this.items -= batch.length;
      for (const entry of batch) this.weight -= entry.weight;
    }
    this.queues.delete(key);
  }

  private takeBatch(queue: Waiting<Item, Result>[]): Waiting<Item, Result>[] {
    const { batch, mayShareBatch = () => true } = this.options;
    const first = queue[0]!.item;
    let end = 1;
    while (end < queue.length && end < batch && mayShareBatch(first, queue[end]!.item)) end += 1;
    return queue.splice(0, end);
  }

  private async workOff(key: Key, batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.work(
        key,
        batch.map((entry) => entry.item),
      );
      batch.forEach((entry, index) => {
        const result = results[index];
        if (result instanceof Error) entry.reject(result);
        else entry.resolve(result as Result);
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }
}
