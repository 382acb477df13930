// A pattern that procmail searches in the header as one text, as tests of fields: what it says before the first colon is their names, what it
// says behind is searched in their values.

import { always, any, type Condition, stringsText, test } from './condition-text.ts'
import { fieldsBeginningWith, isKnownField, searchedFields } from './header-fields.ts'
import { PIECES_MAX, SPELLED_OUT_MAX } from './limits.ts'
import { charactersOf, isAnyText, isBlank, type Sequence } from './pattern.ts'
import { Untranslatable } from './untranslatable.ts'
import { isOptionalBlank, valueTest, withoutEnd } from './value-test.ts'

export type HeaderSearch = {
  readonly hasCase: boolean
  /** Told where a test says nearly the same. */
  readonly remark: (text: string) => void
}

export function headerTest(alternatives: readonly Sequence[], search: HeaderSearch): Condition {
  return new HeaderPattern(search).alternatives(alternatives)
}

/** Where a name of a field ends, and what is behind it. */
type Head = {
  readonly name: string
  /** `blank`: the line `From ` that a mailbox file begins a message with. `open`: the pattern goes on before the name ends. */
  readonly end: 'colon' | 'blank' | 'open'
  readonly tail: Sequence
}

class HeaderPattern {
  readonly #search: HeaderSearch
  #pieces = 0

  constructor(search: HeaderSearch) {
    this.#search = search
  }

  alternatives(alternatives: readonly Sequence[]): Condition {
    return any(alternatives.map((each) => this.#line(each)))
  }

  #line(sequence: Sequence): Condition {
    this.#count()
    const [first, ...rest] = sequence
    if (first === undefined) return always
    if (first.kind === 'edge') throw new Untranslatable('^^ has no like in Sieve')
    if (first.kind === 'start') return this.#named(rest)
    if (first.kind === 'group' && first.alternatives.some(startsLine)) {
      return any(first.alternatives.map((each) => this.#line([...each, ...rest])))
    }
    return this.#unnamed(sequence)
  }

  /** Behind `^`. */
  #named(sequence: Sequence): Condition {
    const heads = this.#heads('', sequence)
    if (heads.length > SPELLED_OUT_MAX) {
      throw new Untranslatable(`it names more than ${SPELLED_OUT_MAX} fields`)
    }
    const byTail = Map.groupBy(heads, ({ end, tail }) => JSON.stringify([end, tail]))
    return any([...byTail.values()].map((same) => this.#fields(same)))
  }

  #fields(same: readonly Head[]): Condition {
    const [first] = same
    if (first === undefined) return always
    const names = same.map(({ name }) => name.toLowerCase())
    switch (first.end) {
      case 'blank':
        return this.#envelope(first.tail)
      case 'colon':
        return this.#value([...new Set(names)], first.tail)
      case 'open':
        return this.#open(names, first.tail)
    }
  }

  /** `^From.*friend`: whatever begins so. */
  #open(names: readonly string[], tail: Sequence): Condition {
    if (names.includes('')) return this.#unnamed(tail)
    if (tail.length > 0 && !isAnyText(tail[0])) {
      throw new Untranslatable('its pattern does not spell the name of a field out')
    }
    const fields = [...new Set(names.flatMap(fieldsBeginningWith))]
    if (fields.length === 0) throw new Untranslatable('no field that is known begins so')
    if (fields.length > names.length) {
      this.#search.remark(`of the fields that begin so these are tested: ${fields.join(', ')}`)
    }
    const value = this.#value(fields, tail, true)
    return names.includes('from') ? any([value, this.#envelope(tail)]) : value
  }

  /** The sender of the envelope, which the line `From ` names. */
  #envelope(tail: Sequence): Condition {
    const { inner, isAnchored } = withoutLead(tail)
    const words = (match: string, keys: string) => `envelope ${match} "from" ${keys}`
    const { hasCase } = this.#search
    if (inner.length === 0) return always
    return valueTest(inner, isAnchored, { words, needs: ['envelope'], hasCase })
  }

  #value(fields: readonly string[], tail: Sequence, isOpen = false): Condition {
    this.#count()
    const [first, ...rest] = tail
    // Each way to begin is looked at by itself where one of them is about the blank behind the colon.
    if (first?.kind === 'group' && first.alternatives.some(([each]) => isLead(each))) {
      return any(first.alternatives.map((each) => this.#value(fields, [...each, ...rest], isOpen)))
    }
    const { inner, isAnchored, hadLead } = withoutLead(tail)
    if (isAnchored && !hadLead && inner[0]?.kind === 'character') {
      this.#search.remark('procmail finds this only where no blank is behind the colon')
    }
    const bare = withoutEnd(inner)
    if (bare.inner.length === 0 && !bare.isEnded) return existsOne(fields)
    if (fields.some((name) => name.startsWith('x-spam'))) {
      this.#search.remark(
        'fields of a spam filter are there only if a filter of this server writes them; the tests spamtest and virustest know its verdict',
      )
    }
    const words = (match: string, keys: string) => `header ${match} ${stringsText(fields)} ${keys}`
    return valueTest(inner, isAnchored, { words, needs: [], hasCase: this.#search.hasCase })
  }

  /** A pattern that may be anywhere in the header. */
  #unnamed(sequence: Sequence): Condition {
    const named = spelledField(sequence)
    if (named !== undefined) {
      this.#search.remark(
        'procmail finds this in the middle of a line too; here the field has to be it',
      )
      return this.#value([named.name], named.tail)
    }
    let inner = sequence
    while (isAnyText(inner[0])) inner = inner.slice(1)
    if (withoutEnd(inner).inner.length === 0) return always
    this.#search.remark('procmail searches the whole header; here the fields that are named')
    const words = (match: string, keys: string) =>
      `header ${match} ${stringsText(searchedFields)} ${keys}`
    return valueTest(inner, false, { words, needs: [], hasCase: this.#search.hasCase })
  }

  #heads(name: string, sequence: Sequence): readonly Head[] {
    this.#count()
    const [node, ...rest] = sequence
    if (node === undefined) return [{ name, end: 'open', tail: [] }]
    if (node.kind === 'character' && node.character === ':') {
      if (name === '') throw new Untranslatable('a field has no name')
      return [{ name, end: 'colon', tail: rest }]
    }
    if (isBlank(node) && /^>?from$/i.test(name)) return [{ name, end: 'blank', tail: rest }]
    if (node.kind === 'group') {
      return node.alternatives.flatMap((each) => this.#heads(name, [...each, ...rest]))
    }
    if (node.kind === 'repeat' && !node.isMany) {
      return [...this.#heads(name, [node.of, ...rest]), ...this.#heads(name, rest)]
    }
    const characters = charactersOf(node, false)
    if (characters?.every((each) => fieldCharacter.test(each) || each === ':')) {
      return characters.flatMap((character) =>
        character === ':'
          ? this.#heads(name, [{ kind: 'character', character }, ...rest])
          : this.#heads(name + character, rest),
      )
    }
    return [{ name, end: 'open', tail: sequence }]
  }

  #count(): void {
    if (++this.#pieces > PIECES_MAX) throw new Untranslatable('its pattern has too many branches')
  }
}

/** RFC 5322 §3.6.8, without the colon. */
const fieldCharacter = /^[!-9;-~]$/

const startsLine = ([first]: Sequence): boolean =>
  first?.kind === 'start' || (first?.kind === 'group' && first.alternatives.some(startsLine))

function existsOne(fields: readonly string[]): Condition {
  return any(fields.map((name) => test(`exists ${stringsText([name])}`, [])))
}

const isLead = (node: Sequence[number] | undefined) =>
  node === undefined || isAnyText(node) || isBlank(node) || node.kind === 'word'

/** Behind a colon stands a blank, which is no part of a value in Sieve (RFC 5228 §2.4.2.2). */
function withoutLead(tail: Sequence): {
  readonly inner: Sequence
  readonly isAnchored: boolean
  readonly hadLead: boolean
} {
  let inner = tail
  let hadLead = false
  for (;;) {
    const [first, ...rest] = inner
    if (isAnyText(first)) {
      while (isAnyText(inner[0])) inner = inner.slice(1)
      return { inner, isAnchored: false, hadLead: true }
    }
    const isBlanks = first?.kind === 'repeat' && isBlank(first.of)
    const isAnyOne = !hadLead && (first?.kind === 'any' || first?.kind === 'word')
    if (!isBlank(first) && !isBlanks && !isOptionalBlank(first) && !isAnyOne) break
    inner = rest
    hadLead = true
  }
  return { inner, isAnchored: true, hadLead }
}

/** `Subject: x` without the ^ that was meant. */
function spelledField(sequence: Sequence): { name: string; tail: Sequence } | undefined {
  let name = ''
  for (const [i, node] of sequence.entries()) {
    if (node.kind !== 'character') return undefined
    if (node.character === ':') {
      return isKnownField(name)
        ? { name: name.toLowerCase(), tail: sequence.slice(i + 1) }
        : undefined
    }
    name += node.character
  }
  return undefined
}
