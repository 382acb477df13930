// Light or dark: as the system is, or as somebody chose (theme.ts applies it before anything is painted).

import { signal } from '@preact/signals'

const STORED = 'postwolke.theme'
const schemes = ['system', 'light', 'dark'] as const
export type Scheme = (typeof schemes)[number]

const stored = localStorage.getItem(STORED)
export const scheme = signal<Scheme>(stored === 'light' || stored === 'dark' ? stored : 'system')

export function chooseScheme(wanted: Scheme): void {
  scheme.value = wanted
  if (wanted === 'system') {
    localStorage.removeItem(STORED)
    delete document.documentElement.dataset['theme']
  } else {
    localStorage.setItem(STORED, wanted)
    document.documentElement.dataset['theme'] = wanted
  }
}

export const nextScheme = () =>
  chooseScheme(schemes[(schemes.indexOf(scheme.value) + 1) % schemes.length] ?? 'system')
