// Tokens of query pages: the sort keys after which DynamoDB goes on. Opaque to callers, and not to be trusted from them.

import { StorageMisuse } from '../ports.ts'

export function formatToken(parts: readonly string[]): string {
  return JSON.stringify(parts)
}

export function parseToken(token: string): readonly string[] {
  const parts = parseJson(token)
  if (Array.isArray(parts) && parts.every((part) => typeof part === 'string')) return parts
  throw new StorageMisuse('not the token of a page')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
