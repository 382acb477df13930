// From the text of a list to restrictions that can be asked.

import {
  type Classes,
  type ListEntry,
  type ListPlace,
  parseList,
} from '#shared/settings/restrictions/grammar.ts'
import { type WordName, wordFacts } from '#shared/settings/restrictions/words.ts'
import { dunno, type Restriction, type RestrictionList } from './restriction.ts'
import { words } from './restrictions/index.ts'
import { createBuiltInServices } from './services.ts'
import type { Decide, WordDeps } from './word.ts'

export interface ListCompiler {
  /** Throws for what is no list; settings were judged before (list-faults.ts). */
  list(text: string, place: ListPlace): RestrictionList
}

export function createListCompiler(
  deps: Omit<WordDeps, 'compile' | 'services'>,
  classes: Classes,
): ListCompiler {
  const compile: WordDeps['compile'] = (text) => list(text, 'class')
  const services = createBuiltInServices({ ...deps, compile })
  const all: WordDeps = { ...deps, services, compile }
  /** Made when they are first asked: a class may name one that stands behind it. */
  const made = new Map<string, RestrictionList>()

  function list(text: string, place: ListPlace): RestrictionList {
    const parsed = parseList(text, place, (name) => classes.has(name))
    if (parsed.kind === 'fault') throw new Error(parsed.reason)
    return parsed.entries.map(restriction)
  }

  function restriction(entry: ListEntry): Restriction {
    const decide = entry.kind === 'class' ? ofClass(entry.name) : ofWord(entry.word, entry.argument)
    const { text: name, warnOnly } = entry
    return { name, decide, isPlain: isPlain(entry), ...(warnOnly && { warnOnly }) }
  }

  function ofWord(word: WordName, argument: string): Decide {
    return words[word].make(argument, all)
  }

  function ofClass(name: string): Decide {
    return () => {
      let restrictions = made.get(name)
      if (restrictions === undefined) {
        restrictions = list(classes.get(name) ?? '', 'class')
        made.set(name, restrictions)
      }
      return restrictions.length === 0 ? dunno : { kind: 'list', restrictions }
    }
  }

  return { list }
}

/** Whether it is decided on what the listener knows: neither store nor network is asked. */
function isPlain(entry: ListEntry): boolean {
  if (entry.kind === 'class') return false
  const { argument, needs } = wordFacts(entry.word)
  return argument === 'none' && (needs === 'nothing' || needs === 'recipients')
}
