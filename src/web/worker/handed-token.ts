import { SottoError, type TokenSource } from "../../client/index.ts";

/** The token that the host application has handed over: one at a time, in memory alone. There is none to renew it by: the application brings another. */
export class HandedToken {
  private handed: { user: string; token: string } | undefined;
  private expired: string | undefined;

  /** Whose it says that it is; the node looks whether that is so. Error: `token-invalid`. */
  take(token: string): { user: string } {
    const user = userOf(token);
    this.handed = { user, token };
    return { user };
  }

  /** Error of the source: `token-missing`, until another is taken. */
  sourceFor(user: string): TokenSource {
    return ({ reason }) => {
      if (this.handed?.user !== user) throw new SottoError("token-missing");
      const { token } = this.handed;
      if (reason === "expired" && this.expired === undefined) this.expired = token;
      if (token === this.expired) throw new SottoError("token-missing");
      this.expired = undefined;
      return token;
    };
  }
}

function userOf(token: string): string {
  try {
    const [, payload = ""] = token.split(".");
    const { sub } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { sub?: unknown };
    if (typeof sub === "string") return sub;
  } catch {
    // Said below.
  }
  throw new SottoError("token-invalid");
}
