/** Every command with what it is for. Loaded when asked for: `sotto --help` opens no database. */
type Run = (args: string[]) => Promise<number>;

export const commands = {
  start: {
    about: "run a node: alone on one file, or one of a cluster",
    load: async (): Promise<Run> => (await import("./start.ts")).start,
  },
  chat: {
    about: "write to somebody from this terminal, end-to-end encrypted",
    load: async (): Promise<Run> => (await import("./chat.ts")).chat,
  },
  token: {
    about: "sign a token for development: sotto token --user alice",
    load: async (): Promise<Run> => (await import("./token.ts")).token,
  },
  doctor: {
    about: "check settings, database, permissions, disk; say what to do",
    load: async (): Promise<Run> => (await import("./doctor.ts")).doctor,
  },
  config: {
    about: "list every setting; config check: try the ones given",
    load: async (): Promise<Run> => (await import("./config.ts")).config,
  },
  vapid: {
    about: "make a key pair for Web Push",
    load: async (): Promise<Run> => (await import("./vapid.ts")).vapid,
  },
  migrate: {
    about: "bring the database's schema up to date",
    load: async (): Promise<Run> => (await import("./migrate.ts")).migrate,
  },
  purge: {
    about: "delete what its time has passed; --dry-run: only count it",
    load: async (): Promise<Run> => (await import("./purge.ts")).purge,
  },
  export: {
    about: "everything the server holds about a user, as JSON: sotto export --user alice",
    load: async (): Promise<Run> => (await import("./export.ts")).exportUser,
  },
  erase: {
    about: "take a user out of the deployment, while it runs: sotto erase --user alice",
    load: async (): Promise<Run> => (await import("./erase.ts")).erase,
  },
  worker: {
    about: "run a cluster's workers: doorbells, pushes, expiry, purge",
    load: async (): Promise<Run> => (await import("./worker.ts")).worker,
  },
} as const satisfies Record<string, { about: string; load: () => Promise<Run> }>;

export type CommandName = keyof typeof commands;

export const commandList = Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`)
  .join("\n");
