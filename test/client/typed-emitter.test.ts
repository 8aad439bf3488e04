import { expect } from "chai";
import { TypedEmitter } from "../../src/client/async/typed-emitter.ts";

interface Events {
  word: string;
  number: number;
}

describe("the typed emitter", () => {
  it("tells every listener of an event, in the order they came, and no other's", () => {
    const emitter = new TypedEmitter<Events>();
    const heard: unknown[] = [];
    emitter.on("word", (word) => heard.push(["one", word]));
    emitter.on("word", (word) => heard.push(["two", word]));
    emitter.on("number", (number) => heard.push(number));
    emitter.emit("word", "hello");
    expect(heard).to.deep.equal([
      ["one", "hello"],
      ["two", "hello"],
    ]);
  });

  it("stops telling who unsubscribed, even from within a listener", () => {
    const emitter = new TypedEmitter<Events>();
    const heard: number[] = [];
    const off = emitter.on("number", (number) => {
      heard.push(number);
      off();
    });
    emitter.on("number", (number) => heard.push(-number));
    emitter.emit("number", 1);
    emitter.emit("number", 2);
    expect(heard).to.deep.equal([1, -1, -2]);
  });

  it("lets a listener's exception stop nobody else, and reports it to the runtime", async () => {
    const emitter = new TypedEmitter<Events>();
    const heard: number[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const reported = new Promise<unknown>((resolve) => process.once("uncaughtException", resolve));
    emitter.on("number", () => {
      throw new Error("a listener's own fault");
    });
    emitter.on("number", (number) => heard.push(number));
    emitter.emit("number", 7);
    expect(heard).to.deep.equal([7]);
    expect(await reported).to.have.property("message", "a listener's own fault");
    for (const other of others) process.on("uncaughtException", other);
  });
});
