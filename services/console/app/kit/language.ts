// What the console says, in the language of who reads it. Keys are those of the English catalogue; German has the same or does not
// compile. Never translated: replies of servers, names of settings, commands.

import { computed, signal } from '@preact/signals'
import type { catalogue as english } from '../language/en.ts'
import { fill, type MessageText, type ParametersOf } from './message.ts'

type Catalogue = typeof english
export type MessageKey = keyof Catalogue
export type Language = 'en' | 'de'

export const languages = ['en', 'de'] as const
export const language = signal<Language>('en')
/** Of numbers and times: the language as it is spoken where the browser is, which says how the clock is read. */
export const locale = computed(
  () => navigator.languages.find((each) => each.slice(0, 2) === language.value) ?? language.value,
)

const catalogue = signal<{ readonly [key in MessageKey]: MessageText } | undefined>(undefined)
const STORED = 'postwolke.language'

const loaders = {
  en: async () => (await import('../language/en.ts')).catalogue,
  de: async () => (await import('../language/de.ts')).catalogue,
}

export async function speak(wanted: Language): Promise<void> {
  catalogue.value = await loaders[wanted]()
  language.value = wanted
  document.documentElement.lang = wanted
}

export function chooseLanguage(wanted: Language): Promise<void> {
  localStorage.setItem(STORED, wanted)
  return speak(wanted)
}

/** Chosen before, else the first of the browser's that there is. */
export function preferredLanguage(): Language {
  const known = (text: string | null): text is Language => text === 'en' || text === 'de'
  const stored = localStorage.getItem(STORED)
  if (known(stored)) return stored
  return navigator.languages.map((each) => each.slice(0, 2)).find(known) ?? 'en'
}

type Given<Key extends MessageKey> = ParametersOf<Catalogue[Key]>

/** Parameters are those that stand in braces in the English text. */
export function t<Key extends MessageKey>(
  key: Key,
  ...[parameters]: keyof Given<Key> extends never ? [] : [Given<Key>]
): string {
  const text = catalogue.value?.[key]
  return text === undefined ? '' : fill(text, parameters ?? {}, locale.value)
}

/** For keys that are put together from what the server said; undefined where nobody wrote a text for it. */
export function tIfKnown(
  key: string,
  parameters: { readonly [name: string]: string | number } = {},
): string | undefined {
  const known: { readonly [name: string]: MessageText } | undefined = catalogue.value
  const text = known && Object.hasOwn(known, key) ? known[key] : undefined
  return text === undefined ? undefined : fill(text, parameters, locale.value)
}
