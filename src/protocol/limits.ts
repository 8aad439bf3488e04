/**
 * Bounds that both sides know. Sizes are in bytes, times in milliseconds. What an operator may change is in `config/`;
 * these are what a client of any deployment may rely on.
 */
export const protocolVersion = 1;

export const limits = {
  /** Largest sealed message. An operator may set less (`MAX_MESSAGE_BYTES`), never more. */
  messageBytes: 256 * 1024,
  /** Largest commit: 50 devices added, while the path of a full default group is sealed to each device by itself. */
  handshakeBytes: 512 * 1024,
  /** Largest Welcome. It brings the whole tree, of a full group in which every device has updated (ADR 16). */
  welcomeBytes: 896 * 1024,
  keyPackageBytes: 16 * 1024,
  certificateBytes: 1024,
  deviceListEntryBytes: 1024,
  /** What a device is handed when it is linked, sealed: its padding ends at 512 KiB. */
  linkPayloadBytes: 514 * 1024,
  /** Of it, what is known of contacts: some 1,400 of them, those whom a person has compared first. */
  linkPinsBytes: 128 * 1024,
  /** Largest frame a node accepts: base64 of one commit and one Welcome, and their wrapping. */
  frameBytes: 2_000_000,
  /** Frames of a socket that are being worked on at once; the next is `overloaded`. */
  requestsInFlight: 128,
  keyPackagesPerPublish: 25,
  keyPackagesPerDevice: 200,
  devicesPerClaim: 50,
  usersPerDeviceListRead: 50,
  /** Whose presence one socket may watch. */
  usersPerWatch: 200,
  /** The URL at a push service that stands for one browser; visible ASCII. */
  pushEndpointLength: 2048,
  devicesPerUser: 20,
  /** Whom one user may have blocked at once. */
  blocksPerUser: 1000,
  deviceListEntries: 1000,
  addsPerCommit: 50,
  conversationsPerPage: 200,
  logEntriesPerPage: 256,
  voucherBytes: 16,
  /** Of one `log:restore`, within what a frame holds. */
  restoredEntries: 256,
  /** A page of the log ends early when its payloads pass this many bytes. */
  logPageBytes: 512 * 1024,
  archiveKeysPerPut: 64,
  archiveKeysPerPage: 256,
  /** A history key under an archive key. */
  archiveKeyBytes: 255,
  /** A device's name, sealed: all have this size. */
  sealedDeviceNameBytes: 169,
  /** A vault, sealed: its padding ends at this size. */
  vaultBytes: 1024 * 1024 + 40,
  /** Archive keys that one device has handed to another, and that are kept for it: the newest. An honest one makes one a month, or at a revocation. */
  archiveGrantsPerGiver: 64,
  /** Archive keys of one device that are kept for a recovery key: the newest. */
  recoveryGrantsPerDevice: 256,
  recoveryGrantsPerPut: 32,
  /** "I am writing", sealed: all have this size. */
  sealedTypingBytes: 113,
  /** How far ahead of the clock the version of a user's privacy choice may be: a day. */
  privacyAheadMs: 24 * 3600_000,
  /** In a conversation of more users nobody is told who is writing. */
  typingUsers: 50,
  inboxEntriesPerPage: 32,
  /** A page of the inbox ends early when its Welcomes pass this many bytes. */
  inboxPageBytes: 1024 * 1024,
  /** A larger Welcome is not pushed: who is added reads it from the inbox, once. */
  pushedWelcomeBytes: 64 * 1024,
  /** Of each kind: Welcomes and requests to be re-added do not push each other out. */
  inboxEntriesPerDevice: 1000,
  receiptsPerPage: 500,
  unopenedRanges: 64,
  /** An application message is accepted from this many epochs back, unless the roster changed since. */
  pastEpochs: 3,
  challengeTimeoutMs: 15_000,
  linkOfferTtlMs: 10 * 60_000,
  /** A blob is sent in parts of this size, each by itself; the last may be shorter. */
  blobPartBytes: 1024 * 1024,
  /** A part that goes up, or a blob that comes down, more slowly than this is broken off, and may be gone on with. */
  blobLeastBytesPerSecond: 3 * 1024,
  /** Blobs of one user at once, beside the quota in bytes. */
  blobsPerUser: 10_000,
  /** An upload that gets no further ends. */
  blobUploadTtlMs: 24 * 3600_000,
  /** A blob outlives the history of its day by this: its message may go out later than it, and is kept as long as any. */
  blobMarginMs: 7 * 24 * 3600_000,
  attachmentsPerMessage: 10,
  attachmentNameBytes: 255,
  attachmentTypeLength: 127,
  /** What a sender shows of a file before it is fetched; inside the message. */
  attachmentPreviewBytes: 16 * 1024,
  /** Owners and admins of a group together. */
  rolesPerGroup: 50,
  /** The longest times that a group's policy can name. */
  retentionDays: 3650,
  disappearingSeconds: 365 * 86_400,
} as const;

/** Cipher suites by their MLS code point. 84 is a private code point: X-Wing, ChaCha20-Poly1305, HKDF-SHA-512, Ed25519. */
export const suites = { default: 84, large: 3 } as const;

/** Devices in one group, by suite: the next is `group-full`. All of them fit, whatever their users are called (ADR 16). */
export const devicesPerGroup: Readonly<Record<number, number>> = { [suites.default]: 256, [suites.large]: 1000 };
