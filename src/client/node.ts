/** What the SDK needs of Node alone: a store in files. */
export { fileStore, type FileStoreOptions } from "./stores/file-store.ts";
