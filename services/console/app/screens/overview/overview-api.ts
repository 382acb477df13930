import { get } from '../../api/client.ts'

export type Overview = {
  readonly findings: readonly Finding[]
  readonly queue: { readonly messages: number; readonly oldestAt: string | null }
}

export type Finding = {
  readonly kind: string
  readonly look: 'bad' | 'warn' | 'ok'
  /** What it is about: a domain, a file. */
  readonly about?: string
  /** In English, where nobody wrote a text for its kind. */
  readonly text: string
  readonly facts?: { readonly [name: string]: string | number }
  readonly since?: string
  /** Of the screen where something is done about it. */
  readonly href?: string
}

export const readOverview = (signal: AbortSignal) => get<Overview>('/overview', {}, signal)
