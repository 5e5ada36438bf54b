import type { HostSpec } from "./spec.ts";

/** The hosts of `npm run lab -- up`: so many with systemd, every third of the RPM family, and so many light ones. */
export function sampleHosts(systemd: number, light: number): HostSpec[] {
  const name = (word: string, index: number): string => `${word}${String(index + 1).padStart(2, "0")}`;
  return [
    ...Array.from({ length: systemd }, (_, index): HostSpec => {
      const family = index % 3 === 2 ? "rpm" : "debian";
      return { name: name("host", index), kind: "systemd", family };
    }),
    ...Array.from({ length: light }, (_, index): HostSpec => ({ name: name("light", index), kind: "light" })),
  ];
}
