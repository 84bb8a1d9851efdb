module.exports = {
  testMatch: ['<rootDir>/specs/*.spec.cjs'],
  setupFilesAfterEnv: ['@posthouse/testing/jest'],
}
