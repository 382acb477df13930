// One record of SPF for two systems that send, and for one when the other is gone (RFC 7208 §3.2: there may be one only).

const isSpf = (text: string) => /^v=spf1(?: |$)/i.test(text)
const termsOf = (record: string) => record.split(/ +/).slice(1).filter(Boolean)
const isAll = (term: string) => /^[-+~?]?all$/i.test(term)
const isRedirect = (term: string) => /^redirect=/i.test(term)

export const spfOf = (texts: readonly string[]) => texts.find(isSpf)
export const otherTexts = (texts: readonly string[]) => texts.filter((text) => !isSpf(text))

/** What stands in `ours` besides, before the end of `theirs`, which says what becomes of everybody else. */
export function mergedSpf(theirs: string | undefined, ours: string): string {
  if (theirs === undefined) return ours
  const terms = termsOf(theirs)
  const known = new Set(terms.map((term) => term.toLowerCase()))
  const added = termsOf(ours).filter((term) => !isAll(term) && !known.has(term.toLowerCase()))
  const end = terms.findIndex((term) => isAll(term) || isRedirect(term))
  const at = end < 0 ? terms.length : end
  const all = end < 0 ? ['~all'] : []
  return ['v=spf1', ...terms.slice(0, at), ...added, ...terms.slice(at), ...all].join(' ')
}

/** Without a term, whatever stands before it. */
export const spfWithout = (record: string, term: string) =>
  ['v=spf1', ...termsOf(record).filter((one) => bare(one) !== term.toLowerCase())].join(' ')

/** Whether everything is in it, in any order. */
export function spfHolds(record: string, wanted: string): boolean {
  const terms = new Set(termsOf(record).map((term) => term.toLowerCase()))
  return termsOf(wanted)
    .filter((term) => !isAll(term))
    .every((term) => terms.has(term.toLowerCase()))
}

export const spfNames = (record: string, term: string) =>
  termsOf(record).some((one) => bare(one) === term.toLowerCase())

const bare = (term: string) => term.replace(/^[-+~?]/, '').toLowerCase()
