// Texts of others that try to be more than text when somebody looks at them: in a subject, a sender, a greeting, a login name, a reply.

/** The right-to-left override and its end: what stands between is shown backwards. */
const BIDI = '\u202egpj.exe\u202c'

export const hostile = {
  markup: '"><img src=x onerror=document.title="owned"><script>document.title="owned"</script>',
  attribute: `' onmouseover='document.title="owned"' x='`,
  address: 'javascript:document.title="owned"',
  bidi: `invoice${BIDI}`,
  combining: `z${'\u0334\u0353'.repeat(200)}`,
  long: `long ${'W'.repeat(10_000)}`,
  template: '{{constructor.constructor("return 1")()}} <%= 7*7 %> %s %n',
  controls: 'bell\u0007 escape\u001b[31m null\u0000 end\u2028 line',
} as const

/** As a header field's value: RFC 2047 carries what a line of it cannot. */
export function encodedWords(text: string): string {
  const characters = [...text]
  const words: string[] = []
  // 45 bytes of base64 at most in a word of 75.
  for (let at = 0; at < characters.length; at += 11) {
    const bytes = Buffer.from(characters.slice(at, at + 11).join(''))
    words.push(`=?utf-8?B?${bytes.toString('base64')}?=`)
  }
  return words.join('\r\n ')
}
