import { defineConfig } from '@playwright/test'

const { APP_PORT = '3000', SMTP_PORT = '1025', HTTP_PORT = '8025', CHROMIUM = '/usr/bin/chromium' } = process.env
export const testMailUrl = `http://127.0.0.1:${HTTP_PORT}`

export default defineConfig({
  testDir: 'e2e',
  fullyParallel: true,
  workers: 2,
  reporter: 'line',
  timeout: 60_000,
  use: {
    baseURL: `http://127.0.0.1:${APP_PORT}`,
    launchOptions: {
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'].concat(
        '--disable-background-networking',
        '--disable-component-update',
      ),
    },
  },
  webServer: [
    {
      command: `npx posthouse-test-mail --smtp ${SMTP_PORT} --http ${HTTP_PORT} --no-imap --no-pop3`,
      url: `${testMailUrl}/api/v1/health`,
    },
    {
      command: 'node src/server.mjs',
      url: `http://127.0.0.1:${APP_PORT}`,
      env: { SMTP_URL: `smtp://127.0.0.1:${SMTP_PORT}`, PORT: APP_PORT },
    },
  ],
})
