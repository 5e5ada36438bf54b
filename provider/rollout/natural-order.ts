const [ZERO, NINE, UPPER_A, UPPER_Z] = [48, 57, 65, 90];
const TO_LOWER = 32;

/**
 * Compares names of machines as people number them: `web2` before `web10`, and capitals beside their small letters.
 * A collator of the language would do that too, but its tables are 4 MB of every plugin that works.
 *
 * @returns negative, zero or positive, as `sort` wants it; zero only for texts that are the same
 * @example ["web10", "web2"].sort(inNaturalOrder) // ["web2", "web10"]
 */
export function inNaturalOrder(one: string, other: string): number {
  let left = 0;
  let right = 0;
  while (left < one.length && right < other.length) {
    if (isDigit(one, left) && isDigit(other, right)) {
      const leftStart = afterZeros(one, left);
      const rightStart = afterZeros(other, right);
      const leftEnd = afterDigits(one, leftStart);
      const rightEnd = afterDigits(other, rightStart);
      const difference =
        leftEnd - leftStart - (rightEnd - rightStart) ||
        compare(one.slice(leftStart, leftEnd), other.slice(rightStart, rightEnd));
      if (difference !== 0) return difference;
      left = leftEnd;
      right = rightEnd;
    } else {
      const difference = letterAt(one, left) - letterAt(other, right);
      if (difference !== 0) return difference;
      left += 1;
      right += 1;
    }
  }
  return one.length - left - (other.length - right) || compare(one, other);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code <= NINE;
}

/** Where the digits of a number begin that count. */
function afterZeros(text: string, at: number): number {
  let start = at;
  while (text.charCodeAt(start) === ZERO) start += 1;
  return start;
}

function afterDigits(text: string, at: number): number {
  let end = at;
  while (isDigit(text, end)) end += 1;
  return end;
}

function letterAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= UPPER_A && code <= UPPER_Z ? code + TO_LOWER : code;
}
