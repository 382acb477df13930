// The secret that an issuer of logins gave this system: who may read it, and that it stands nowhere without an issuer.

import { describe, expect, it } from 'vitest'
import { formatProblem } from '#shared/settings/problems.ts'
import { loadDeployment } from '../../cdk/configuration.ts'
import { deploymentFiles } from './deployment-files.ts'
import { permissions } from './roles.ts'
import { synthesize } from './synthesis.ts'

const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:oidc-AbCdEf'
const key = `oidcClientSecretArn = "${secret}"`
const file = (lines: string) => `${key}\n${deploymentFiles.scale}\n${lines}`

describe('the secret of the issuer', () => {
  it('is read where people sign in and where programs show tokens, and nowhere else', () => {
    const issuer = 'oidcIssuer = "https://login.example.org"\noidcClientId = "mail"'
    const synthesis = synthesize(file(`[mail]\n${issuer}`))
    const readers = permissions(synthesis).filter(({ resource }) => resource === secret)
    expect(readers.map(({ role, action }) => `${role} ${action}`).sort()).toEqual(
      ['apiRole', 'imapTaskTaskRole', 'pop3TaskTaskRole', 'smtpTaskTaskRole'].map(
        (role) => `${role} secretsmanager:GetSecretValue`,
      ),
    )
  })

  it('is refused without one', () => {
    const loaded = loadDeployment({ path: 'deployment.toml', text: file('') })
    if (loaded.kind === 'ok') throw new Error('taken')
    expect(loaded.problems.map(formatProblem)).toEqual([
      'oidcClientSecretArn and mail.oidcIssuer: no issuer is named who gave it',
    ])
  })

  it('is no file', () => {
    const text = `${deploymentFiles.scale}\n[mail]\noidcClientSecretFile = "/run/secret"`
    const loaded = loadDeployment({ path: 'deployment.toml', text })
    expect(loaded.kind).toBe('invalid')
  })
})
