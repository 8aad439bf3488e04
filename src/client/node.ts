/** What the SDK needs of Node alone: a store in files, attachments from files and to them. */
export { nodeFiles, saveAttachment } from "./attachments/node-files.ts";
export { fileStore, type FileStoreOptions } from "./stores/file-store.ts";
