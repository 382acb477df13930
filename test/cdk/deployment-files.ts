// Deployments that tests are about.

import { readFileSync } from 'node:fs'

/** One deployment of every preset and one that sends directly, and among them of every topology, source of certificates, way clients are known and way out, and with an API that has names of its own, none, and none at all. */
export const deploymentFiles = {
  standard: readFileSync(new URL('../../cdk/deployment.toml', import.meta.url), 'utf8'),
  hobby: `
    name = "small"
    preset = "hobby"
    hostname = "mail.example.net"
    hostedZoneId = "Z0123456789"
    hostedZoneName = "example.net"
    certificate = "acm"
    egress = "ses-api"
    apiDomain = "admin.example.net"
    apiNames = ["mta-sts.example.net"]
  `,
  scale: `
    name = "large"
    preset = "scale"
    hostname = "mx.example.com"
    certificate = "operator"
    clientAddress = "proxy-v2"
    topology = "separate"
    relayhost = "[relay.example.com]:465"
    relaySecretArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:relay-AbCdEf"
    probeSecretArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:probe-AbCdEf"
  `,
  direct: `
    name = "direct"
    preset = "standard"
    hostname = "mx.example.org"
    hostedZoneId = "Z0123456789"
    hostedZoneName = "example.org"
    egress = "direct"
    api = "off"
  `,
} as const
