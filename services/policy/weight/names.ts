// What names look like: of mail servers, of clients at a provider, of nobody. The words are policyd-weight's.

/** `.dip` and the like stand in names of addresses that are given out anew each day. */
const dialupWords = ['.dip', 'cable', 'ppp', 'dial', 'dsl', 'dyn', 'client']
const serverWords = ['mx', 'smtp', 'mail', 'dedicated']

/** Letters, dots, hyphens or underscores and then an address: `pool-192-0-2-1`. */
const DASHED_ADDRESS = /[a-z._-][0-9]{1,3}[-._][0-9]{1,3}[-._][0-9]{1,3}[-._][0-9]{1,3}/

/** Names in small letters. */
export function looksLikeMailServer(name: string): boolean {
  const host = beforeDomain(name)
  return serverWords.some((word) => host.includes(word)) || hasStatic(host)
}

export function looksLikeDialup(name: string): boolean {
  const host = beforeDomain(name)
  return dialupWords.some((word) => host.includes(word)) || hasReverse(host)
}

export function hasAddress(name: string): boolean {
  return DASHED_ADDRESS.test(name)
}

/** What stands before the last two dots; nothing in shorter names. */
function beforeDomain(name: string): string {
  const last = name.lastIndexOf('.')
  const lastButOne = last > 0 ? name.lastIndexOf('.', last - 1) : -1
  return lastButOne < 0 ? '' : name.slice(0, lastButOne)
}

/** `stat`, but not within such as `instat`. */
function hasStatic(host: string): boolean {
  for (let at = host.indexOf('stat'); at >= 0; at = host.indexOf('stat', at + 1)) {
    if (host.charAt(at - 1) !== 'n') return true
  }
  return false
}

function hasReverse(host: string): boolean {
  const rev = host.indexOf('rev')
  return rev >= 0 && (host.indexOf('ip', rev + 3) >= 0 || host.indexOf('home', rev + 3) >= 0)
}

/** Many consonants or vowels in a row: nobody can say it, so nobody is called it. */
export function looksRandom(local: string): boolean {
  return /[bcdfgjklmnpqrtvwxz]{5}|[aeiou]{4}/.test(local)
}

/** A domain without what countries and registries have put behind it: `mail.example.co.uk` is `mail.example`. */
export function withoutRegistry(domain: string): string {
  const labels = domain.split('.')
  const [second = '', last = ''] = labels.slice(-2)
  const isLetters = (text: string, max: number) =>
    text.length >= 2 && text.length <= max && /^[a-z]+$/.test(text)
  const isShared = isLetters(second, 2) || ['com', 'org', 'net'].includes(second)
  if (labels.length > 2 && isLetters(last, 2) && isShared) return labels.slice(0, -2).join('.')
  return labels.length > 1 && isLetters(last, 5) ? labels.slice(0, -1).join('.') : domain
}

/** `example` of `mail.example.co.uk`; a name whose end is none that is known stays whole. */
export function registeredLabel(domain: string): string {
  const kept = withoutRegistry(domain)
  return kept === domain ? domain : lastLabel(kept)
}

export function lastLabel(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** Whether the second-level label of one is a label of the other, the top level aside. */
export function shareLabel(one: string, other: string): boolean {
  return hasLabel(other, secondLevel(one)) || hasLabel(one, secondLevel(other))
}

function secondLevel(name: string): string {
  const labels = name.split('.')
  return labels.at(-2) ?? name
}

function hasLabel(name: string, label: string): boolean {
  return name.split('.').slice(0, -1).includes(label)
}
