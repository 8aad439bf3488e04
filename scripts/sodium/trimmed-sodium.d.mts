import type { Plugin } from "vite";

export function trimmedSodium(folder: string): Plugin;
