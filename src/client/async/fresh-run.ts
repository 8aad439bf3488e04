import { TaskQueue } from "./task-queue.ts";

/**
 * Work whose answer is of when it began: whoever asks gets a run that begins after the call, for one that is under way may have passed
 * by what the caller is after. One run at a time, and one for all who wait for it.
 */
export class FreshRun<T> {
  private readonly runs = new TaskQueue();
  /** Asked for, and not begun. */
  private next: Promise<T> | undefined;

  /** Of those who share a run the first one's work counts. */
  run(work: () => Promise<T>): Promise<T> {
    this.next ??= this.runs.run(() => {
      this.next = undefined;
      return work();
    });
    return this.next;
  }
}
