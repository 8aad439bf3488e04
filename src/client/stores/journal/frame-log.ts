/** What a journal is written to: numbered frames, each a sealed batch, on whatever keeps them. */

/** Seals the frames of one log: `place` ties a frame to its log and its number in it. */
export interface FrameSeal {
  seal(place: string, bytes: Uint8Array): Uint8Array;
  /** Throws when the bytes are not what was sealed for this place. */
  open(place: string, sealed: Uint8Array): Uint8Array;
  /** Wipes the key. */
  forget(): void;
}

/** `number`: from 1. `at`: bytes of the log before it. */
export interface Frame {
  log: FrameLog;
  number: number;
  at: number;
  bytes: number;
}

/**
 * Only appended to; replaced as a whole by a draft that is published. `append` is for one caller at a time; reads may overlap with anything.
 */
export interface FrameLog {
  /** In bytes. Known once the frames were read. */
  readonly size: number;
  /** Every frame in order, to be read once, after opening. Errors: `store-unreadable` for one that is damaged or missing. */
  replay(): AsyncIterable<{ frame: Frame; sealed: Uint8Array }>;
  /** What the frame of this number is sealed for. */
  place(number: number): string;
  append(plaintext: Uint8Array, seal: FrameSeal): Promise<Frame>;
  /** Resolves when everything appended survives a loss of power. */
  sync(): Promise<void>;
  /** Errors: `store-unreadable`. */
  read(frame: Frame, seal: FrameSeal): Promise<Uint8Array>;
  /** Keeps the log readable until the matching `letGo`, also when it is replaced meanwhile. */
  hold(): void;
  /** By the last of the holders, of whom the opener is the first, it is closed. */
  letGo(): Promise<void>;
  /** A new, empty log, which may take the place of this one. */
  startDraft(): Promise<DraftLog>;
}

export interface DraftLog {
  log: FrameLog;
  /** Puts the draft, with all that was appended, in the place of the log. Throws when nobody knows which of the two is kept. */
  publish(): Promise<void>;
  /** Leaves the log as it was, and nothing of the draft. */
  discard(): Promise<void>;
}
