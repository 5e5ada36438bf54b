import { describeConformance } from "./conformance.ts";
import { kaceSubject } from "./kace.subject.ts";

describeConformance(await kaceSubject());
