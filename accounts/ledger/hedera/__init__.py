"""The public ledger Hedera, through hiero-sdk-python: the extra `hedera`.

Imported only where the settings name it. Nothing here calls anybody before the first operation.
"""
