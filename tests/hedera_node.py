"""A local stand-in of the public ledger: one node over gRPC and its mirror, for unmodified SDKs.

It speaks the services with the protobufs that come with the SDK.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from hiero_sdk_python.hapi.services import (
    consensus_get_topic_info_pb2,
    consensus_service_pb2_grpc,
    crypto_get_account_balance_pb2,
    crypto_get_info_pb2,
    crypto_service_pb2_grpc,
    response_header_pb2,
    response_pb2,
    transaction_get_receipt_pb2,
    transaction_response_pb2,
)
from hiero_sdk_python.response_code import ResponseCode as Code

from accounts.ledger.hedera.transaction_ids import Maker
from identity.crypto import ed25519
from identity.ledger_environment import LedgerSettings
from tests.hedera_mirror import Mirror
from tests.hedera_state import EVERYBODYS, NODE, OPERATOR, Reject, State, id_of


class Node:
    """A running node. Use it as a context manager.

    `lose_answers` is how many of the next submissions take effect without anybody hearing of it;
    `on_taken` is called between the effect of each and its answer.
    """

    def __init__(self) -> None:
        self.key = ed25519.generate()
        self.state = State(self.key.public.raw)
        self.mirror = Mirror(self.state)
        self.lose_answers = 0
        self.on_taken: Callable[[], object] | None = None
        self.port = 0
        self._server: Any = None

    @property
    def settings(self) -> LedgerSettings:
        return LedgerSettings(
            kind="hedera",
            network="stand-in",
            nodes=((f"127.0.0.1:{self.port}", f"0.0.{NODE}"),),
            mirror=self.mirror.address,
            operator=f"0.0.{OPERATOR}",
            operator_key=ed25519.private_bytes(self.key).hex(),
            topic=f"0.0.{EVERYBODYS}",
        )

    def begin(self) -> str:
        """A transaction id of the operator."""
        return Maker(f"0.0.{OPERATOR}").make()

    def start(self) -> None:
        """Begin to answer, at the same port as before."""
        server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        crypto_service_pb2_grpc.add_CryptoServiceServicer_to_server(_Crypto(self), server)
        consensus_service_pb2_grpc.add_ConsensusServiceServicer_to_server(_Consensus(self), server)
        self.port = server.add_insecure_port(f"127.0.0.1:{self.port}")
        server.start()
        self._server = server

    def stop(self) -> None:
        """Answer nobody until `start`; what was taken stays taken."""
        self._server.stop(0).wait()

    def __enter__(self) -> Self:
        self.start()
        threading.Thread(target=self.mirror.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.mirror.shutdown()
        self.mirror.server_close()

    def take(self, transaction: Any, kind: str, context: Any) -> Any:
        code = Code.OK
        try:
            self.state.submit(transaction, kind)
        except Reject as refusal:
            code = refusal.code
        if self.on_taken is not None:
            self.on_taken()
        if self.lose_answers:
            self.lose_answers -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost")
        return transaction_response_pb2.TransactionResponse(nodeTransactionPrecheckCode=code)


def _header(asked: Any, code: Code = Code.OK) -> Any:
    # Who asks for the price is told that it is nothing.
    return response_header_pb2.ResponseHeader(
        nodeTransactionPrecheckCode=code, responseType=asked.responseType, cost=0
    )


class _Crypto(crypto_service_pb2_grpc.CryptoServiceServicer):  # type: ignore[misc]
    def __init__(self, node: Node) -> None:
        self.node, self.state = node, node.state

    def createAccount(self, request: Any, context: Any) -> Any:  # noqa: N802 the service's name
        return self.node.take(request, "cryptoCreateAccount", context)

    def getTransactionReceipts(self, request: Any, context: Any) -> Any:  # noqa: N802
        asked = request.transactionGetReceipt
        with self.state.lock:
            found = self.state.receipts.get(id_of(asked.transactionID))
        header = _header(asked.header, Code.RECEIPT_NOT_FOUND if found is None else Code.OK)
        answer = transaction_get_receipt_pb2.TransactionGetReceiptResponse(
            header=header, receipt=found
        )
        return response_pb2.Response(transactionGetReceipt=answer)

    def cryptoGetBalance(self, request: Any, context: Any) -> Any:  # noqa: N802
        asked = request.cryptogetAccountBalance
        found = self.state.accounts.get(asked.accountID.accountNum)
        code = Code.INVALID_ACCOUNT_ID if found is None else Code.OK
        answer = crypto_get_account_balance_pb2.CryptoGetAccountBalanceResponse(
            header=_header(asked.header, code),
            accountID=asked.accountID,
            balance=found["balance"] if found else 0,
        )
        return response_pb2.Response(cryptogetAccountBalance=answer)

    def getAccountInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        asked = request.cryptoGetInfo
        found = self.state.accounts.get(asked.accountID.accountNum)
        code = Code.INVALID_ACCOUNT_ID if found is None else Code.OK
        answer = crypto_get_info_pb2.CryptoGetInfoResponse(header=_header(asked.header, code))
        if found is not None:
            answer.accountInfo.accountID.CopyFrom(asked.accountID)
            answer.accountInfo.key.CopyFrom(found["key"])
            answer.accountInfo.balance, answer.accountInfo.memo = found["balance"], found["memo"]
        return response_pb2.Response(cryptoGetInfo=answer)


class _Consensus(consensus_service_pb2_grpc.ConsensusServiceServicer):  # type: ignore[misc]
    def __init__(self, node: Node) -> None:
        self.node, self.state = node, node.state

    def createTopic(self, request: Any, context: Any) -> Any:  # noqa: N802 the service's name
        return self.node.take(request, "consensusCreateTopic", context)

    def submitMessage(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self.node.take(request, "consensusSubmitMessage", context)

    def getTopicInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        asked = request.consensusGetTopicInfo
        found = self.state.topics.get(asked.topicID.topicNum)
        code = Code.INVALID_TOPIC_ID if found is None else Code.OK
        answer = consensus_get_topic_info_pb2.ConsensusGetTopicInfoResponse(
            header=_header(asked.header, code), topicID=asked.topicID
        )
        if found is not None:
            answer.topicInfo.memo, answer.topicInfo.runningHash = found["memo"], found["hash"]
            answer.topicInfo.sequenceNumber = len(found["messages"])
            answer.topicInfo.adminKey.CopyFrom(found["adminKey"])
            answer.topicInfo.submitKey.CopyFrom(found["submitKey"])
        return response_pb2.Response(consensusGetTopicInfo=answer)
