import { encode } from "uqr";

/** Dark on light in both themes: scanners want it so. */
export function QrCode({ bytes, label }: { bytes: Uint8Array; label: string }) {
  const { data, size } = encode([...bytes], { ecc: "M", border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
