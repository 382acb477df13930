// A text that is looked for, and a scan of folded texts for many of them. Linear in what is scanned, whatever it is made of: the
// engine's own search takes the product of both lengths for `a…b…a` in `a…a`, so it only looks for the first characters of a needle,
// and Knuth, Morris and Pratt compare the rest without ever going back.

/** Characters that the engine looks for. */
const PREFIX_CHARACTERS = 8

/** What the engine's search of this many characters costs, against one compared here. */
const SCANNED_CHARACTERS = 16

export class Needle {
  readonly folded: string
  readonly prefix: string
  #failure: Uint32Array | undefined

  constructor(folded: string) {
    this.folded = folded
    this.prefix = folded.slice(0, PREFIX_CHARACTERS)
  }

  /** By number of characters matched, less one: how many of them are still matched when the next one is another. */
  get failure(): Uint32Array {
    this.#failure ??= failureOf(this.folded)
    return this.#failure
  }
}

function failureOf(folded: string): Uint32Array {
  const failure = new Uint32Array(folded.length)
  let matched = 0
  for (let at = 1; at < folded.length; at++) {
    const code = folded.charCodeAt(at)
    while (matched > 0 && folded.charCodeAt(matched) !== code) matched = failure[matched - 1] ?? 0
    if (folded.charCodeAt(matched) === code) matched++
    failure[at] = matched
  }
  return failure
}

/** A text that BODY or TEXT looks for. */
export class TextNeedle extends Needle {
  readonly kind: 'body' | 'text'

  constructor(kind: 'body' | 'text', folded: string) {
    super(folded)
    this.kind = kind
  }
}

/** A text that is looked for in fields of a name (lower case). */
export class FieldNeedle extends Needle {
  readonly field: string

  constructor(field: string, folded: string) {
    super(folded)
    this.field = field
  }
}

/** Looks for needles in texts that come in pieces. */
export class NeedleScan<N extends Needle> {
  readonly #found: Set<N>
  #missing: { readonly needle: N; matched: number }[]
  /** Characters compared, and what the engine's search costs: for whoever paces the work. */
  compared = 0

  /** What is found is added to `found`; what is there already is not looked for. */
  constructor(needles: readonly N[], found: Set<N>) {
    this.#found = found
    this.#missing = needles
      .filter((needle) => !found.has(needle))
      .map((needle) => ({ needle, matched: 0 }))
  }

  get done(): boolean {
    return this.#missing.length === 0
  }

  /** How many needles are looked for. */
  get width(): number {
    return this.#missing.length
  }

  /** Another text begins; what the last one ended with does not reach into it. */
  begin(): void {
    for (const each of this.#missing) each.matched = 0
  }

  push(text: string): void {
    let foundMore = false
    for (const each of this.#missing) {
      each.matched = this.#match(text, each.needle, each.matched)
      if (each.matched < each.needle.folded.length) continue
      this.#found.add(each.needle)
      foundMore = true
    }
    if (foundMore) this.#missing = this.#missing.filter(({ needle }) => !this.#found.has(needle))
  }

  /** How many characters of the needle are matched at the end of the text, or all of them inside it. */
  #match(text: string, { folded, prefix, failure }: N, before: number): number {
    let matched = before
    let at = 0
    while (matched < folded.length) {
      if (matched === 0) {
        const hit = text.indexOf(prefix, at)
        this.compared += ((hit < 0 ? text.length : hit) - at) / SCANNED_CHARACTERS
        if (hit >= 0) {
          at = hit + prefix.length
          matched = prefix.length
          continue
        }
        // Its beginning may be the end of this piece.
        at = Math.max(at, text.length - prefix.length + 1)
      }
      const last = matched === 0
      for (; at < text.length && matched < folded.length && (last || matched > 0); at++) {
        const code = text.charCodeAt(at)
        while (matched > 0 && folded.charCodeAt(matched) !== code) {
          matched = failure[matched - 1] ?? 0
          this.compared++
        }
        if (folded.charCodeAt(matched) === code) matched++
        this.compared++
      }
      if (at >= text.length) break
    }
    return matched
  }
}
