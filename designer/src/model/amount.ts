/** Money keeps its two decimals; what is counted more finely would only fill up with zeros. */
const MONEY_SCALE = 2;

/** A number with thousands separated and the digits it carries, never with an exponent: `16,060.5`; money `16,060.50`. */
export function numberText(value: number, scale?: number | null): string {
  const least = scale === MONEY_SCALE ? MONEY_SCALE : 0;
  return new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: 12 }).format(value);
}
