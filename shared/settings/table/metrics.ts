// Who may read the figures, and where spans go.

import { networkList } from '../address-kinds.ts'
import { webUrl } from '../filter-kinds.ts'
import { filePath } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const metricsSettings = {
  metricsNetworks: new Setting(networkList, {
    reload: true,
    default: ['127.0.0.0/8', '::1/128'],
    about:
      'Who may read `/metrics` (Prometheus) on `listeners.http` and `listeners.https` without a token.',
  }),
  metricsTokenFile: new Setting(filePath, {
    reload: true,
    default: '',
    about:
      'A file with the token that lets others read `/metrics`, sent as `Authorization: Bearer`; read at each request. Nothing: only `metricsNetworks`.',
  }),
  otlpEndpoint: new Setting(webUrl, {
    default: null,
    about:
      'A collector of OpenTelemetry that spans of sessions, messages, deliveries and requests are sent to (OTLP over HTTP), such as http://localhost:4318; spans of one message are one trace. Nothing: no spans are made, and nothing for them is loaded.',
  }),
} satisfies SettingGroup
