import { useEffect, useRef, useState } from "preact/hooks";
import { strings } from "../../strings.ts";

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

const { BarcodeDetector } = globalThis as {
  BarcodeDetector?: new (options: { formats: string[] }) => Detector;
};
const words = strings.settings;

/** Where the browser finds codes in pictures by itself, and lets a page have the camera. */
export const canScan = BarcodeDetector !== undefined && "mediaDevices" in navigator;

/** A button that becomes what the camera sees, until there is a QR code in it. No picture leaves the page. */
export function ScanCode({ onCode }: { onCode: (code: string) => void }) {
  const [state, setState] = useState<"idle" | "scanning" | "scanned" | "failed">("idle");
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (state !== "scanning") return undefined;
    const stop = new AbortController();
    firstCode(video.current!, stop.signal).then(
      (code) => {
        if (code === undefined) return;
        onCode(code);
        setState("scanned");
      },
      () => setState("failed"),
    );
    return () => stop.abort();
  }, [state]);
  const said = { idle: "", scanning: words.scanning, scanned: words.scanned, failed: words.scanFailed }[state];
  return (
    <>
      {state === "scanning" && <video ref={video} class="camera" muted playsInline aria-label={words.scanning} />}
      <p class="soft" role="status">
        {said}
      </p>
      <button type="button" class="button" onClick={() => setState(state === "scanning" ? "idle" : "scanning")}>
        {state === "scanning" ? strings.cancel : words.scan}
      </button>
    </>
  );
}

/** Undefined once it is stopped. The camera is let go in any case. */
async function firstCode(video: HTMLVideoElement, stop: AbortSignal): Promise<string | undefined> {
  const detector = new BarcodeDetector!({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    if (!stop.aborted) await video.play();
    while (!stop.aborted) {
      const [code] = await detector.detect(video);
      if (code) return code.rawValue;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return undefined;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}
