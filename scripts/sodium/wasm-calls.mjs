import { WasmReader } from "./wasm-reader.mjs";

const none = () => {};
const number = (reader) => reader.skipNumber();
const twoNumbers = (reader) => (reader.skipNumber(), reader.skipNumber());

/** What follows each instruction in its bytes (core specification, section 5.4), but for the two that call. */
const immediates = new Map();
const define = (from, to, read) => {
  for (let code = from; code <= to; code++) immediates.set(code, read);
};
define(0x00, 0x01, none); // unreachable, nop
define(0x02, 0x04, number); // block, loop, if
immediates.set(0x05, none); // else
immediates.set(0x0b, none); // end
define(0x0c, 0x0d, number); // br, br_if
immediates.set(0x0e, (reader) => (reader.vector(() => reader.skipNumber()), reader.skipNumber())); // br_table
immediates.set(0x0f, none); // return
define(0x1a, 0x1b, none); // drop, select
define(0x20, 0x24, number); // of locals and globals
define(0x28, 0x3e, twoNumbers); // loads and stores
define(0x3f, 0x42, number); // memory.size, memory.grow, i32.const, i64.const
immediates.set(0x43, (reader) => reader.take(4)); // f32.const
immediates.set(0x44, (reader) => reader.take(8)); // f64.const
define(0x45, 0xc4, none); // comparisons, arithmetic, conversions

/** What follows the number of an instruction that begins with 0xfc. */
const longImmediates = new Map([
  ...Array.from({ length: 8 }, (_, code) => [code, none]), // conversions that saturate
  [10, twoNumbers], // memory.copy
  [11, number], // memory.fill
]);

/** What the body of a function calls: functions by their numbers, and through the table types by theirs. Throws at an instruction that it does not know. */
export function callsOf(body) {
  const calls = { functions: new Set(), types: new Set() };
  const reader = new WasmReader(body);
  reader.vector(() => (reader.skipNumber(), reader.byte()));
  while (!reader.isAtEnd) {
    const code = reader.byte();
    if (code === 0x10) calls.functions.add(reader.unsigned());
    else if (code === 0x11) {
      calls.types.add(reader.unsigned());
      reader.skipNumber();
    } else skipImmediates(reader, code);
  }
  return calls;
}

function skipImmediates(reader, code) {
  const long = code === 0xfc ? reader.unsigned() : undefined;
  const skip = long === undefined ? immediates.get(code) : longImmediates.get(long);
  if (!skip) throw new Error(`an instruction of WebAssembly that trimming does not know: ${[code, long].join(" ")}`);
  skip(reader);
}
