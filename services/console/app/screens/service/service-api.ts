// The service as the API tells it.

import { get } from '../../api/client.ts'
import type { Job } from '../../api/jobs.ts'

export type Certificate = {
  readonly file: string
  readonly keptBy: 'acme' | 'files'
  readonly problem: string | null
  readonly names: readonly string[]
  readonly issuer: string | null
  readonly expiresAt: string | null
  readonly daysLeft: number | null
}

export type Service = {
  readonly version: string
  readonly node: string
  readonly pid: number | null
  readonly startedAt: string | null
  readonly listeners: readonly {
    readonly name: string
    readonly address: string
    readonly port: number
  }[]
  readonly certificates: readonly Certificate[]
  readonly disk: {
    readonly freeBytes: number
    readonly bytes: number
    readonly isReadOnly: boolean
  } | null
  readonly queue: { readonly incoming: number; readonly waiting: number; readonly held: number }
}

export type Diagnosis = {
  readonly job: Job | null
  readonly findings: readonly {
    readonly check: string
    readonly of: string
    readonly state: 'ok' | 'warn' | 'bad' | 'unknown'
    readonly found: string
    readonly next?: string
  }[]
}

export const readService = (signal: AbortSignal) => get<Service>('/service', {}, signal)
export const readDiagnosis = (signal: AbortSignal) => get<Diagnosis>('/doctor', {}, signal)
