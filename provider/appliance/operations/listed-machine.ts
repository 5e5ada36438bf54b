import * as z from "zod";

/** The most machines that can be put into one label by hand. */
export const MAX_LISTED_MACHINES = 100_000;

/** A machine as people name it: the KUID of its device, or its host name with or without domain. */
export const listedMachine = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\S+$/, "expected a KUID or a host name, without blanks");
