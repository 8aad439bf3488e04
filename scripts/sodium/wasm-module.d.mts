export const sectionId: Record<"type" | "import" | "function" | "export" | "start" | "element" | "code", number>;
export function readModule(bytes: Uint8Array): {
  sections: { id: number; content: Uint8Array }[];
  exports: { name: string; kind: number; index: number }[];
  bodies: Uint8Array[];
};
