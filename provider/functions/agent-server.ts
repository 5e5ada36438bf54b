import * as z from "zod";

/** Where an agent connects to, as functions are asked about it; what is left out is what the appliance's server says. */
export const agentServer = z.object({
  name: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: "Its name. Default: the one that the appliance's own server tells agents." }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .meta({ description: "Its port. Default: that of the appliance's own server, else 443." }),
});
