import * as z from "zod";

/** What identifies a device, whatever it is called. */
export const kuid = z.string().regex(/^[0-9A-Za-z-]{8,64}$/, "expected the identity of a device, such as a UUID");

/** What has been decided about a device, or is still to be. */
export const deviceState = z.enum(["approved", "quarantined", "blocked"]);

export type DeviceState = z.output<typeof deviceState>;
