// xtext (RFC 3461 §4): how parameters carry characters that have a meaning in commands.

// xtext = *( xchar / hexchar ), xchar = any ASCII from "!" to "~" except "+" and "="
const xtext = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/
const printable = /^[ -~]*$/

/** Undefined when it is not xtext or hides something that is not printable ASCII. */
export function decodeXtext(text: string): string | undefined {
  if (!xtext.test(text)) return undefined
  if (!text.includes('+')) return text
  const decoded = text.replace(/\+(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return printable.test(decoded) ? decoded : undefined
}

export function encodeXtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-~]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
