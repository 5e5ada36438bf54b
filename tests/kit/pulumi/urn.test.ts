import { describe, expect, it } from "vitest";
import { parseUrn } from "../../../provider/kit/pulumi/urn.ts";

describe("a URN", () => {
  it.each([
    ["urn:pulumi:dev::shop::kace:index:AgentToken::berlin", "kace:index:AgentToken", "berlin"],
    ["urn:pulumi:dev::shop::kace:index:Site$kace:index:AgentToken::berlin", "kace:index:AgentToken", "berlin"],
    ["urn:pulumi:dev::shop::a:b/c:D$kace:index:Site$kace:index:AgentToken::x", "kace:index:AgentToken", "x"],
    ["urn:pulumi:dev::shop::kace:index:AgentToken::a::b$c", "kace:index:AgentToken", "a::b$c"],
    ["urn:pulumi:dev::shop::pulumi:providers:kace::default", "pulumi:providers:kace", "default"],
  ])("%s names type and resource", (urn, type, name) => {
    expect(parseUrn(urn)).toEqual({ urn, type, name });
  });

  it.each([
    "",
    "urn",
    "urn:pulumi:dev::shop",
    "urn:pulumi:dev::shop::type::name",
    "urn:pulumi:dev::shop::a:b:c::",
    "x".repeat(5000),
  ])("%s is none", (text) => {
    expect(() => parseUrn(text)).toThrow(/is not a URN \(?|is not a URN/);
  });
});
