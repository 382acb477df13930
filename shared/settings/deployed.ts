// Settings of a deployment on AWS: variables that it gives its functions and containers, and what was changed while it ran. Some are the
// deployment's own, or about files and disks that nothing there has: those are not changed by what is stored, whoever stored it.

import {
  type LoadedSettings,
  loadSettings,
  type SettingSources,
  type SettingsResult,
} from './load.ts'

/** Set by the deployment itself, or about files and disks that no container has. */
const decided =
  /^(?:hostname|relayhost.*|defaultTransport|smtpHeloName|smtpd?TlsCAfile|smtpTls(?:Cert|Key)File|queueMinfree|maildropDirectory|authorizedSubmitUsers|inetInterfaces|lmtpTrustedNetworks|reinjectionTrustedNetworks|contentFilter|srsSecretsFile|webhook\.secretFile|oidcClientSecretFile|metricsTokenFile|listeners\..*|tls\.(?:certificateFile|keyFile)|proxyTrustedNetworks|log\.(?:file|syslogServer|syslogFacility))$/

export const isDecidedByDeployment = (path: string): boolean => decided.test(path)

/** As every entry of it and its command line read them. */
export function loadDeployedSettings({ stored = {}, ...sources }: SettingSources): SettingsResult {
  const changeable = Object.entries(stored).filter(([path]) => !isDecidedByDeployment(path))
  const loaded = loadSettings({ ...sources, stored: Object.fromEntries(changeable) })
  return loaded.kind === 'ok' ? withItsOrigin(loaded) : loaded
}

/** What it decides is nobody's to change, whether it says so by a variable or by leaving it as it is. */
function withItsOrigin(loaded: LoadedSettings): LoadedSettings {
  return {
    ...loaded,
    origin(path) {
      const origin = loaded.origin(path)
      return origin.kind === 'default' && isDecidedByDeployment(path)
        ? { kind: 'deployment' }
        : origin
    },
  }
}
