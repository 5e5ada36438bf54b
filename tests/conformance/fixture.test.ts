import { describeConformance } from "./conformance.ts";
import { fixtureSubject } from "./fixture.subject.ts";

describeConformance(await fixtureSubject());
