/** Of every SDK client but those of the store, which has its own: a connection that died must not keep anybody waiting. */
export const requestTimeouts = {
  connectionTimeout: 3_000,
  requestTimeout: 12_000,
  throwOnRequestTimeout: true,
} as const
