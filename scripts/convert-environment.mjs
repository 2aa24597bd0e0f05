// Makes the Python environment of `voisin models convert` before its first use, where it is not there: for tests that are skipped without.
const built = (path) => import(`../packages/server/dist/src/${path}.js`);
const { readConfig } = await built('config/config');
const { environment } = await built('config/environment');
const { conversionRequirements } = await built('embedding/conversion/convert-weights');
const { pythonWith } = await built('embedding/conversion/python-environment');

try {
  await pythonWith({ folder: readConfig(environment()).convertEnvironment, requirements: conversionRequirements });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
