import { SottoError } from "../protocol/errors.ts";
import type { Store } from "./ports/store.ts";

/** The store, with every exception turned into `unavailable`: the port says that an exception means the database does not answer. */
export function guardedStore(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]) => {
        try {
          return await (member as (...all: unknown[]) => unknown).apply(target, parameters);
        } catch (cause) {
          if (cause instanceof SottoError) throw cause;
          throw new SottoError("unavailable", { cause, retryAfterMs: 1000 });
        }
      };
    },
  });
}
