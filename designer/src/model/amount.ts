/** A number with thousands separated and the digits it carries, never with an exponent: `16,060.5`. */
export function numberText(value: number): string {
  return new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 }).format(value);
}
