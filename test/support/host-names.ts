// A host whose names and postmaster play no part in a test of the directory.

export const hostNames = {
  hostname: 'mx.host.test',
  defaultDomain: '',
  mydestination: [],
  postmasterAddress: '',
  postmasterAliases: [],
} as const
