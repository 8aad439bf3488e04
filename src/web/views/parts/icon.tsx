/** Drawn on a grid of 24, in the colour of the text around. What each means is said in words beside it, or by who uses it. */
const paths = {
  plus: "M12 5v14M5 12h14",
  group:
    "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20c0-3.600 2.900-6 6.500-6s6.500 2.400 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.300M18.500 14.600c1.900.9 3 2.800 3 5.400",
  settings:
    "M4 7.500h9M17.500 7.500H20M4 16.500h2.500M11 16.500h9M15.200 10a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM8.800 19a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
  back: "M15 5l-7 7 7 7",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5M12 7.800v.1",
  send: "M5 12h13M12.500 6l6 6-6 6",
  attach:
    "M20 11.500 12 19.500a5 5 0 0 1-7-7l8.300-8.300a3.300 3.300 0 0 1 4.700 4.700l-8.200 8.200a1.700 1.700 0 0 1-2.400-2.400L15 7",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  down: "M12 5v14M6 13l6 6 6-6",
  close: "M6 6l12 12M18 6 6 18",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2",
  tick: "M5 12.500l4.500 4.500L19 7.500",
  ticks: "M2 12.500l4.500 4.500L16 7.500M11.500 16l1 1L22 7.500",
  alert: "M12 3.500 2.500 20h19ZM12 10v4.500M12 17.200v.1",
  shield:
    "M12 3l7.500 3v5.500c0 4.600-3.100 8-7.500 9.500-4.400-1.500-7.500-4.900-7.500-9.500V6ZM8.800 12l2.300 2.300 4.200-4.400",
  lock: "M6.500 11h11a1.500 1.500 0 0 1 1.500 1.500v6a1.500 1.500 0 0 1-1.500 1.500h-11A1.500 1.500 0 0 1 5 18.500v-6A1.500 1.500 0 0 1 6.500 11ZM8 11V8a4 4 0 0 1 8 0v3",
  file: "M7 3.500h7l4.500 4.500v12.500H7a1.500 1.500 0 0 1-1.500-1.500V5A1.500 1.500 0 0 1 7 3.500ZM13.500 3.500v5h5",
  timer: "M12 21a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15ZM12 10v3.500M9.500 2.500h5",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM15.500 15.500 20 20",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      class={`icon icon-${name}`}
      viewBox="0 0 24 24"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
